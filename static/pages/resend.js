/** Requests an address once more, now from a page of this server; once only, since some browsers never say so. */

const ONCE_IN = 5000;

const before = Number(sessionStorage.getItem(location.href));
sessionStorage.setItem(location.href, Date.now());
if (Date.now() - before > ONCE_IN) location.replace(document.getElementById("resend").href);
