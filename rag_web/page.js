// Small things that need no server: opening the settings on a phone, copying, citations, one class for the state.
addEventListener('click', (e) => {
  const settings = e.target.closest('[data-settings]');
  if (settings) document.body.classList.toggle('rs-settings', settings.dataset.settings === 'open');
  const copy = e.target.closest('[data-copy]');
  if (copy) copyFrom(copy);
  const cite = e.target.closest('[data-cite]');
  if (cite) showPassage(cite.dataset.cite);
  const use = e.target.closest('.rs-use');
  if (use && !e.target.closest('[data-act]')) showPassage(use.dataset.passage);
});
addEventListener('keydown', (e) => {
  if (e.key === 'Escape') document.body.classList.remove('rs-settings');
  if (e.key === 'Enter' && e.target.matches?.('.rs-use')) showPassage(e.target.dataset.passage);
});
function copyFrom(button) {
  const source = {
    code: () => button.closest('.rs-code').querySelector('code'),
    password: () => button.parentElement.querySelector('[data-copied]'),
    answer: () => button.closest('.rs-turn').querySelector('.rs-own, .rs-quote'),
  }[button.dataset.copy]();
  navigator.clipboard?.writeText(source.textContent).then(() => {
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1200);
  });
}
function showPassage(number) {
  const list = document.querySelector('#used .rs-used');
  for (const row of list?.children ?? []) {
    const now = row.dataset.passage === number;
    row.classList.toggle('rs-now', now);
    row.querySelector('.rs-cite').classList.toggle('rs-now', now);
    if (now) row.scrollIntoView({ block: 'nearest' });
  }
  document.querySelectorAll('.rs-talk [data-cite]').forEach((c) => c.classList.toggle('rs-now', c.dataset.cite === number));
}
