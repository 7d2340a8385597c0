"""What is done with each kind of delivery: parsed, handed to a unit of work, answered."""
