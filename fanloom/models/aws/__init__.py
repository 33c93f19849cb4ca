"""What Bedrock needs beside its client: ARNs read, and calls that can be given up."""
