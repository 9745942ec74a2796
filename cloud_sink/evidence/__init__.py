"""Evidence: photographs behind the numbers, where they are kept, and how they come and go."""
