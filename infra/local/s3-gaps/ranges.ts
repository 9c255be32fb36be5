import { fault } from '../s3-fault.ts'

/** First and last byte, both inclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The range that a `Range` header asks of an object of `size` bytes: `bytes=0-0`, `bytes=5-`, `bytes=-5` (s3rver gets
 * the first and the last wrong). Undefined for none, and for forms that HTTP lets a server ignore. Throws 416
 * `InvalidRange` where the object has no such byte.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (header === undefined || match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const suffix = first === ''
  const start = suffix ? Math.max(size - Number(last), 0) : Number(first)
  const end = suffix || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (!suffix && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= size || (suffix && Number(last) === 0)) {
    throw fault('InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: header,
      ActualObjectSize: size,
    })
  }
  return { start, end }
}

/** The range of `x-amz-copy-source-range`, which must be written out and lie within the source; else 400. */
export function copyRangeOf(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  const start = Number(match?.[1])
  const end = Number(match?.[2])
  if (match === null || start > end || end >= size) {
    throw fault('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, {
      ArgumentName: 'x-amz-copy-source-range',
      ArgumentValue: header,
    })
  }
  return { start, end }
}
