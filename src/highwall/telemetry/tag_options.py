"""What can be chosen about tags: when a person counts as down, as moving, and how signal strength gives a place."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManDownOptions(_Options):
    """When a person counts as fallen, fainted and down.

    The limits of impact, stillness, turn and the time after an impact are the best on UMAFall for a tag on chest, waist
    or in the pocket (``benchmarks/mandown.py``); its trials are too short to choose the others.
    """

    fainting_limit_s: float = Field(
        90.0, ge=5.0, le=3600.0,
        description="fainting detection limit: motionless for so long, without an impact before, is a pre-alarm [s]",
    )  # fmt: skip
    rest_limit: float = Field(
        0.8, gt=0.0, le=5.0,
        description="unrest of a second below which a person counts as motionless for the fainting limit [m s-2]",
    )  # fmt: skip
    fallen_limit_s: float = Field(
        6.0, ge=1.0, le=120.0, description="motionless for so long after an impact is a pre-alarm [s]"
    )
    answer_s: float = Field(
        20.0, ge=0.0, le=600.0, description="time to cancel a pre-alarm before the person counts as down [s]"
    )
    impact_limit: float = Field(
        22.6, ge=12.0, le=160.0, description="size of the acceleration that counts as an impact [m s-2]"
    )
    still_limit: float = Field(
        1.5, gt=0.0, le=5.0, description="unrest of a second below which a person lies still after an impact [m s-2]"
    )
    turn_limit: float = Field(
        0.7, ge=0.0, le=3.14,
        description="turn of the body by a fall, at least; 0 asks for none, as for a tag on the wrist [rad]",
    )  # fmt: skip
    watch_s: float = Field(
        20.0, ge=2.0, le=600.0, description="how long after an impact motionlessness is looked for [s]"
    )
    recovery_s: float = Field(
        5.0, ge=1.0, le=120.0, description="motion for so long, upright again, takes a pre-alarm back [s]"
    )
    silence_s: float = Field(30.0, ge=2.0, le=3600.0, description="without a sample for so long a tag is silent [s]")


class MotionOptions(_Options):
    """When a person or a machine counts as idle, working or moving."""

    idle_limit: float = Field(
        0.6, gt=0.0, le=20.0, description="median unrest of the window below which nothing is done [m s-2]"
    )
    walk_limit: float = Field(
        2.0, gt=0.0, le=20.0, description="median unrest of the window from which a person may walk [m s-2]"
    )
    steps_low: float = Field(0.9, ge=0.0, le=10.0, description="swings a second from which a person walks [s-1]")
    steps_high: float = Field(3.5, gt=0.0, le=20.0, description="swings a second above which it is no walking [s-1]")
    speed_limit: float = Field(
        0.4, gt=0.0, le=20.0, description="speed from which anything moves, where a speed is known [m s-1]"
    )
    walks: bool = Field(True, description="whether swings of the acceleration are steps: a person, not a machine")
    window_s: int = Field(4, ge=1, le=60, description="seconds that are judged together [s]")
    hold_s: int = Field(2, ge=1, le=60, description="how long another state must last until it is taken over [s]")


class RssiOptions(_Options):
    """How signal strength becomes a place."""

    noise_db: float = Field(
        6.0, gt=0.0, le=30.0,
        description="location environmental noise: what surroundings add to or take from a strength [dB]",
    )  # fmt: skip
    exponent: float = Field(
        2.4, ge=1.0, le=6.0, description="path-loss exponent: 2 in the open, 3 and more among walls of rock [1]"
    )
    reach_m: float = Field(2000.0, ge=10.0, le=20_000.0, description="farthest at which a beacon can be heard [m]")
    share: float = Field(0.9, gt=0.0, lt=1.0, description="share of cases in which the radius shall hold the tag [1]")
    window_s: float = Field(10.0, gt=0.0, le=600.0, description="what was heard within it is judged together [s]")
    least_beacons: int = Field(1, ge=1, le=20, description="beacons that must be heard for a place [1]")
    most_heard: int = Field(400, ge=10, le=10_000, description="things heard that are remembered a tag [1]")


PERSON: Final = MotionOptions()
MACHINE: Final = MotionOptions(idle_limit=0.25, speed_limit=0.8, walks=False, window_s=10, hold_s=5)
"""A machine's engine shakes less than a person moves; its working tool swings without walking."""
