import type { FieldDifference, FieldValue, Result } from '../api/schemas.ts'
import { bytes } from './format.ts'

/** The number of resources that a restore would create, replace and leave alone. */
export interface Plan {
  readonly create: number
  readonly replace: number
  readonly same: number
  readonly targetOnly: number
  readonly blobs: number
}

/** Returns what a restore would do, from the result of its dry run. */
export const planOf = ({ models = {}, blobs = {} }: Pick<Result, 'models' | 'blobs'>, strategy: string): Plan => {
  const sum = (name: string): number => Object.values(models).reduce((total, counts) => total + (counts[name] ?? 0), 0)
  const changed = sum('changed')
  return {
    create: sum('new'),
    replace: strategy === 'overwrite' ? changed : 0,
    same: sum('same') + (strategy === 'overwrite' ? 0 : changed),
    targetOnly: sum('target_only'),
    blobs: (blobs['new'] ?? 0) + (strategy === 'overwrite' ? (blobs['changed'] ?? 0) : 0),
  }
}

export const isEmpty = ({ create, replace, blobs }: Plan): boolean => create + replace + blobs === 0

/** Returns a JSON pointer as a path that is easy to read: `/payload/capital/0` becomes `payload.capital[0]`. */
export const readablePath = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')

/**
 * Returns a value as JSON text. A value that is cut or not shown is described by its size. A field that only one side
 * has is shown as a dash.
 */
export const valueText = (value: FieldValue | undefined): string => {
  if (value === undefined) return '–'
  const { json, type = 'value', size, sha256 } = value
  const details = [size === undefined ? '' : bytes(size), sha256 === undefined ? '' : `sha256 ${sha256.slice(0, 12)}…`]
  const description = details.filter((text) => text !== '').join(', ')
  if (json === undefined) return `${type} (${description})`
  return size === undefined ? json : `${json}… (${description})`
}

export const sidesOf = ({
  archived,
  stored,
}: FieldDifference): { readonly archived: string; readonly stored: string } => ({
  archived: valueText(archived),
  stored: valueText(stored),
})
