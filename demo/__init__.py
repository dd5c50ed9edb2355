"""The main job on the embedded AWS: deploy the example with the real CDK CLI, use it, try what must be refused."""
