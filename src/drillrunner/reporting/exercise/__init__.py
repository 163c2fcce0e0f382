"""What people read of a tabletop exercise: guide, handout, pictures, after-action report."""
