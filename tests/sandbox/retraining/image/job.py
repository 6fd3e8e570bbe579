"""A step that does what its words say, in their order: an exit code, ``again``, ``wait``, ``write`` or ``steal``."""

import os
import sys
import time
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
place = urlsplit(os.environ["SLIPWAY_RUN_URI"])
bucket, prefix = place.netloc, place.path.lstrip("/")


def put(key: str, text: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def there(key: str) -> bool:
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"))


for word in sys.argv[1:]:
    print(word, flush=True)
    if word == "write":  # where the records of the run are: it may
        told = {name: value for name, value in os.environ.items() if name.startswith("SLIPWAY_")}
        put(f"{prefix}{os.environ['SLIPWAY_STEP']}.json", repr(told))
    elif word == "steal":  # where another model's are: it may not
        try:
            put("runs/another/1/stolen.json", "x")
        except ClientError as error:
            print(error.response["Error"]["Code"], flush=True)
        else:
            sys.exit(9)
    elif word == "again":  # the second attempt finds what the first left
        if not there(f"{prefix}left"):
            put(f"{prefix}left", "x")
            sys.exit(75)
    elif word == "wait":  # until a test says go
        put(f"{prefix}waits", "x")
        while not there(f"runs/{os.environ['SLIPWAY_MODEL']}/go"):
            time.sleep(0.1)
    else:
        sys.exit(int(word))
