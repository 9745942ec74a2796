"""How right the machine is: a random sample of facings each week, judged by people who do not see its answer."""
