"""The executors of Calls and the probes' clients. `calls/aws.py` is the only import of boto3 outside `lab/`."""
