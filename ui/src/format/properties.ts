/** Observed properties in words: the one table of how people here call what is measured. */

const WORDS: Record<string, string> = {
  acceleration: "acceleration",
  angular_rate: "rate of turn",
  position: "position",
  position_radius: "radius of the position",
  rssi: "signal strength",
  battery: "battery",
  temperature: "temperature",
  humidity: "relative humidity",
  vibration: "vibration velocity",
  strain: "strain",
  elongation: "elongation",
  tilt: "tilt",
  crack_width: "crack width",
  pore_pressure: "pore pressure",
  pressure: "pressure",
  displacement: "displacement",
  distance: "distance",
  water_level: "water level",
  rain: "rain",
  volumetric_water: "water content of the soil",
  speed: "speed",
  current: "electric current",
  voltage: "voltage",
  flow: "flow",
  frequency: "frequency",
  velocity: "velocity of the ground",
  crack_probability: "probability of a crack",
  mine_probability: "probability of a mine",
};

/** `crack width`; a property that is not in the table is called by its key. */
export function propertyWord(key: string): string {
  return WORDS[key] ?? key.replace(/[_-]+/g, " ").trim();
}

export function isKnownProperty(key: string): boolean {
  return key in WORDS;
}
