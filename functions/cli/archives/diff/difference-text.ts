import type { Output } from '../../terminal/output.ts'
import { printable, type TextFormat } from '../../terminal/printable.ts'
import { bytesText } from '../../terminal/units.ts'
import { shownId } from '../shown-id.ts'

/** Where a resource, blob, field or revision is: only in the old archive, only in the new one, or in both. */
export type DifferenceKind = 'added' | 'changed' | 'removed'

export const SIGNS = { added: '+', changed: '~', removed: '-' } as const satisfies Record<DifferenceKind, string>

const FORMATS = { added: 'green', changed: 'yellow', removed: 'red' } as const satisfies Record<
  DifferenceKind,
  TextFormat
>

/** Returns the line of a resource or blob, without its newline. */
export const differenceLine = (output: Output, kind: DifferenceKind, subject: string): string =>
  output.style(FORMATS[kind], `${SIGNS[kind]} ${subject}`)

/** A value as its JSON, or as its type, size and hash. With JSON, `size` means that the JSON is cut. */
export interface ShownValue {
  readonly json?: string
  readonly type?: string
  readonly size?: number
  readonly sha256?: string
}

/** Returns the line of a field with its old and its new value, without its indentation. */
export const fieldLine = (path: string, old: ShownValue | undefined, next: ShownValue | undefined): string => {
  const kind = old === undefined ? 'added' : next === undefined ? 'removed' : 'changed'
  const values = [old, next].flatMap((value) => (value === undefined ? [] : [valueText(value)]))
  return `${SIGNS[kind]} ${shownId(path)}  ${values.join(' → ')}`
}

const valueText = ({ json, type = 'value', size, sha256 = '' }: ShownValue): string => {
  if (json === undefined) return printable(`${type}, ${bytesText(size ?? 0)}, sha256 ${sha256}`)
  return size === undefined ? printable(json) : `${printable(json)}… (${bytesText(size)})`
}
