import type { VNode } from 'preact'
import { count } from '../model/format.ts'

interface ModelTableProps {
  readonly models: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** The names of the counts in the order of the columns, and their headings. */
  readonly columns: readonly (readonly [name: string, heading: string])[]
  readonly label: string
}

/** Counts of each model. */
export const ModelTable = ({ models, columns, label }: ModelTableProps): VNode => (
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
        {Object.entries(models).map(([model, counts]) => (
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
