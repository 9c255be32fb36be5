import type { VNode } from 'preact'
import type { Result } from '../api/schemas.ts'
import { count } from '../model/format.ts'

const LISTS = [
  ['missing_blobs', 'Missing blobs'],
  ['blob_conflicts', 'Blobs that the store keeps although they differ'],
  ['not_found', 'Requested ids that were not found'],
  ['excluded', 'Requested ids that do not match the filters'],
] as const

const RESOURCES = [
  ['left_out', 'Resources that were left out'],
  ['omitted', 'Resources without some of their attributes'],
] as const

const SHOWN = 20

/** What a job could not do. Shows nothing if there are no exceptions. */
export const Exceptions = ({ result }: { readonly result: Result }): VNode | null => {
  const ids = LISTS.flatMap(([name, title]) => {
    const list = result[name]
    return list === undefined || list.count === 0 ? [] : [{ title, total: list.count, lines: list.ids ?? [] }]
  })
  const resources = RESOURCES.flatMap(([name, title]) => {
    const list = result[name]
    if (list === undefined || list.count === 0) return []
    const lines = (list.resources ?? []).map(
      ({ model, resource_id = '', reason = '' }) => `${model} / ${resource_id}: ${reason}`,
    )
    return [{ title, total: list.count, lines }]
  })
  const { unaccounted } = result
  const stray =
    unaccounted === undefined
      ? []
      : [{ title: 'Items that belong to no resource', total: unaccounted.count ?? 0, lines: [] as string[] }]
  const all = [...ids, ...resources, ...stray]
  if (all.length === 0) return null
  return (
    <div class="exceptions">
      {all.map(({ title, total, lines }) => (
        <details key={title}>
          <summary>
            {title}: <b>{count(total)}</b>
          </summary>
          <ul>
            {lines.slice(0, SHOWN).map((line) => (
              <li key={line}>
                <code>{line}</code>
              </li>
            ))}
            {total > SHOWN && <li class="muted">and {count(total - Math.min(SHOWN, lines.length))} more</li>}
          </ul>
        </details>
      ))}
    </div>
  )
}
