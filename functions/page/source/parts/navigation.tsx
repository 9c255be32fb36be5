import type { VNode } from 'preact'

const LINKS = [
  ['overview', 'Overview'],
  ['jobs', 'Jobs'],
  ['archives', 'Archives'],
  ['schedules', 'Schedules'],
] as const

export const Navigation = ({ view }: { readonly view: string }): VNode => (
  <header class="top">
    <div class="top-row">
      <a class="brand" href="#/" aria-label="SpecStar Backup">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
          <rect width="32" height="32" rx="8" class="brand-back" />
          <path d="M8 11.5 16 7l8 4.5L16 16z" class="brand-fill" />
          <path d="m8 16 8 4.5 8-4.5M8 20.5 16 25l8-4.5" class="brand-line" />
        </svg>
        <span>
          SpecStar <b>Backup</b>
        </span>
      </a>
      <nav aria-label="Main">
        {LINKS.map(([name, label]) => (
          <a key={name} href={`#/${name}`} aria-current={view === name ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="top-actions">
        <a class="button" href="#/restore">
          Restore
        </a>
        <a class="button primary" href="#/export">
          New export
        </a>
      </div>
    </div>
  </header>
)
