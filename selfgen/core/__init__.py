"""The pure heart: values, draws and the state machine. Nothing in here opens, sleeps, awaits, logs or reads a clock."""
