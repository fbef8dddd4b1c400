"""The JavaScript that draws the charts: Vega, Vega-Lite and Vega-Embed in one text, from an
installed package."""

import subprocess
import sys

# A process of its own: the JavaScript engine must never live in a process that forks, as its
# children would hang.
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


class ChartScript:
    """Starts at once, in the background, and is waited for where the text is needed."""

    def __init__(self) -> None:
        # A session and an error stream of its own: when the run is interrupted, its last words are
        # for nobody.
        self.process = subprocess.Popen(
            [sys.executable, "-c", BUNDLE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def text(self) -> str:
        """The script; it holds nothing that would end a script element."""
        script, complaint = (stream.decode() for stream in self.process.communicate())
        if self.process.returncode or "vegaEmbed" not in script:
            raise RuntimeError(f"vl_convert could not bundle the chart script {complaint[-200:]}")
        return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")
