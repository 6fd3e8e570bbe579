"""The engines that run the Pulumi program in the sandbox: Pulumi itself where it is installed, else a stand-in."""
