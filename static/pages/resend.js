/** Asks for an address once more, now as a page of this server; not on and on, since some browsers never tell that. */

const AGAIN = 5000;

const before = Number(sessionStorage.getItem(location.href));
sessionStorage.setItem(location.href, Date.now());
if (Date.now() - before > AGAIN) location.replace(document.getElementById("onward").href);
