"""Who is a device: the fleet's authority, claims, renewal, revocation, and what brokers are told of them."""
