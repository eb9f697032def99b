// A dialog opens when htmx has put something into it: <dialog data-opens>. What it holds is a page of its own without scripts.
document.addEventListener("htmx:after:swap", (event) => {
  const dialog = event.detail?.ctx?.target;
  if (dialog instanceof HTMLDialogElement && "opens" in dialog.dataset && dialog.childElementCount && !dialog.open) dialog.showModal();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("dialog[data-opens] a[data-close]")) event.preventDefault();
});
