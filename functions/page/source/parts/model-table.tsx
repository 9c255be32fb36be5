import type { VNode } from 'preact'
import { count } from '../model/format.ts'

interface ModelTableProps {
  readonly models: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** The names of the counts in the order of the columns, and their headings. */
  readonly columns: readonly (readonly [name: string, heading: string])[]
  readonly label: string
}

/** Counts of each model. Models whose counts are all 0 are only named. */
export const ModelTable = ({ models, columns, label }: ModelTableProps): VNode => {
  const isEmpty = (counts: Readonly<Record<string, number>>): boolean => columns.every(([name]) => !counts[name])
  const filled = Object.entries(models).filter(([, counts]) => !isEmpty(counts))
  const empty = Object.keys(models).filter((model) => filled.every(([name]) => name !== model))
  return (
    <>
      {filled.length > 0 && <CountTable rows={filled} columns={columns} label={label} />}
      {empty.length > 0 && <p class="muted after-table">No resources: {empty.join(', ')}</p>}
    </>
  )
}

interface CountTableProps extends Omit<ModelTableProps, 'models'> {
  readonly rows: readonly (readonly [model: string, counts: Readonly<Record<string, number>>])[]
}

const CountTable = ({ rows, columns, label }: CountTableProps): VNode => (
  <div class="scroll" role="group" aria-label={label} tabIndex={0}>
    <table class="rows counts">
      <thead>
        <tr>
          <th scope="col">Model</th>
          {columns.map(([name, heading]) => (
            <th key={name} scope="col" class="number">
              {heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([model, counts]) => (
          <tr key={model}>
            <th scope="row">{model}</th>
            {columns.map(([name, heading]) => (
              <td key={name} data-label={heading} class={`number ${counts[name] ? '' : 'zero'}`}>
                {count(counts[name] ?? 0)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
