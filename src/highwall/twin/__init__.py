"""The live twin: every reading once, every asset's state, every alarm with someone who must answer it.

Come in: messages from gateways over a bus; what ``highwall monitor`` found; people's decisions. Go out: durable
readings and their watermarks, states of assets, alarms and their lives, an audit log that shows tampering.

What a gateway says is first written to a *journal*, whole, in the transaction that moves its watermark; readings,
states and alarms are worked out from the journal, in order, and can be worked out again. ``state`` and ``rules`` are
pure: a day replays in a test without a clock.

Reading order: bus, sql (database, then one noun a module), ingest; state, watch, inputs, rules, watches, lookout;
alarm, alarm_steps, alarm_life, alarm_acts, alarm_book; ground, world, intake, ledger, engine; roles, vault, login.
"""
