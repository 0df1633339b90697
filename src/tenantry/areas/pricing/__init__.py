"""What things cost: regions, metrics, plans, coupons, taxes."""
