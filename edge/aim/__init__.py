"""The page with which a technician aims a camera and installs a device: served by the device itself, to one phone."""
