// Interactive charts take the place of still pictures, and texts get a copy button; without this script both are there nevertheless.
(function () {
  "use strict";
  document.documentElement.classList.add("scripted");
  document.querySelectorAll(".copy pre").forEach(function (text) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.className = "screen";
    button.addEventListener("click", function () {
      var say = function (word) {
        button.textContent = word;
        setTimeout(function () { button.textContent = "Copy"; }, 2000);
      };
      var done = function () { say("Copied"); };
      var select = function () {
        var range = document.createRange();
        range.selectNodeContents(text);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        say(document.execCommand("copy") ? "Copied" : "Press Ctrl-C");
      };
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text.textContent).then(done, select);
      } else {
        select();
      }
    });
    text.before(button);
  });
})();
