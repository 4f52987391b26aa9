"""`python -m serving` opens the pages on 127.0.0.1."""

import uvicorn

from serving.app import create_app
from vitrina.settings import Settings

if __name__ == "__main__":
    configuration = Settings()
    uvicorn.run(create_app(configuration), host="127.0.0.1", port=configuration.pages_port, log_level="warning")
