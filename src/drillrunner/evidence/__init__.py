"""Records of runs for auditors: what was tested, with the proofs, hashed, chained and, if asked for, signed."""
