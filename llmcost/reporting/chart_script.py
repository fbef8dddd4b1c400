"""The JavaScript that draws the charts: Vega, Vega-Lite and Vega-Embed in one text, from an installed package."""

import subprocess
import sys

# A process of its own: the JavaScript engine must never live in a process that forks, as its children would hang.
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


class ChartScript:
    """Starts at once, in the background, and is waited for where the text is needed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", BUNDLE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def text(self) -> str:
        """The script; it holds nothing that would end a script element."""
        script = self.process.communicate()[0].decode()
        if self.process.returncode or "vegaEmbed" not in script:
            raise RuntimeError("vl_convert could not bundle the chart script")
        return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")
