"""A fleet of simulated devices, played over a real broker, and the truth that every store profile has to equal."""
