/** The unit of a tar: headers are one block, contents are padded to whole blocks. */
export const BLOCK = 512

/** Sizes up to here fit 11 octal digits; larger ones are written in base 256. */
const MAX_OCTAL_SIZE = 8 ** 11 - 1

/** Zero bytes that fill content of `size` bytes to whole blocks. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK
/** `size` bytes and their padding. */
export const paddedSize = (size: number): number => size + paddingOf(size)

/**
 * What stands before an entry's content: a ustar header, byte for byte as tar-stream 3 writes it (mode 644, all else
 * zero); before it a pax header with `path` alone where the name does not fit 100 bytes and a prefix.
 */
export const encodeHeader = (path: string, size: number): Buffer => {
  const split = splitPath(path)
  if (split !== undefined) return encodeBlock(split, size, '0')
  const body = encodePaxPath(path)
  return Buffer.concat([
    encodeBlock(PAX_PATH, body.length, 'x'),
    body,
    Buffer.alloc(paddingOf(body.length)),
    encodeBlock(PAX_PATH, size, '0'),
  ])
}

/** A path as it stands in one header. */
interface SplitPath {
  readonly name: string
  readonly prefix: string
}

/** What headers are called whose path stands in pax. */
const PAX_PATH: SplitPath = { name: 'PaxHeader', prefix: '' }

const encodeBlock = ({ name, prefix }: SplitPath, size: number, type: '0' | 'x'): Buffer => {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 'ascii')
  block.write('000644 ', 100, 'ascii')
  block.write('000000 ', 108, 'ascii')
  block.write('000000 ', 116, 'ascii')
  writeSize(block, size)
  block.write('00000000000 ', 136, 'ascii')
  block.write(type, 156, 'ascii')
  block.write('ustar\0' + '00', 257, 'ascii')
  block.write('000000 ', 329, 'ascii')
  block.write('000000 ', 337, 'ascii')
  block.write(prefix, 345, 'ascii')
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')} `, 148, 'ascii')
  return block
}

/** A long name moves its first folders to the prefix, as few as it takes. Undefined: it needs pax. */
const splitPath = (path: string): SplitPath | undefined => {
  if (Buffer.byteLength(path) !== path.length) return undefined
  let slash = -1
  while (path.length - slash - 1 > 100) {
    slash = path.indexOf('/', slash + 1)
    if (slash === -1) return undefined
  }
  if (slash > 155) return undefined
  return { name: path.slice(slash + 1), prefix: slash === -1 ? '' : path.slice(0, slash) }
}

const writeSize = (block: Buffer, size: number): void => {
  if (size <= MAX_OCTAL_SIZE) {
    block.write(`${size.toString(8).padStart(11, '0')} `, 124, 'ascii')
    return
  }
  block[124] = 0x80
  block.writeBigUInt64BE(BigInt(size), 128)
}

/** The sum of a header's bytes, its own field counted as spaces. */
export const checksumOf = (block: Buffer): number =>
  sumOf(block.subarray(0, 148)) + 8 * 0x20 + sumOf(block.subarray(156))

const sumOf = (bytes: Buffer): number => {
  let sum = 0
  for (const byte of bytes) sum += byte
  return sum
}

/** One pax record: its length (which counts itself), `path=` and the name. */
const encodePaxPath = (path: string): Buffer => {
  const record = ` path=${path}\n`
  const length = Buffer.byteLength(record)
  let total = length + length.toString().length
  if (total.toString().length > length.toString().length) total += 1
  return Buffer.from(`${total}${record}`)
}
