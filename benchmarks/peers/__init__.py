"""What arcana is compared with: an eager loop of the same circuit, and other toolkits if they are installed."""
