"""What every target shares: machine functions, block layout, register allocation, its checker, parallel moves."""
