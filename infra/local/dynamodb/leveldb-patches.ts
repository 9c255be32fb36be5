import { ClassicLevel } from 'classic-level'

type Open = (options?: { maxOpenFiles?: number }) => Promise<void>
type Values = ClassicLevel['values']

/**
 * LevelDB maps every table that it has open into memory, up to a thousand of 2 MB: a large store would seem to fill the
 * process. 64 is the least that it takes, and ten are for its other files.
 */
const MAX_OPEN_FILES = 64 + 10

/** dynalite opens its database itself, and takes no options for it: they are set where all of this process's are made. */
export function boundDatabase(): void {
  boundOpenFiles()
  closeIterators()
}

function boundOpenFiles(): void {
  const prototype: { open: Open } = ClassicLevel.prototype
  const { open } = prototype
  prototype.open = function (this: ClassicLevel, options) {
    return Reflect.apply(open, this, [{ maxOpenFiles: MAX_OPEN_FILES, ...options }])
  }
}

/**
 * dynalite ends the streams of its scans and queries by their iterators' `return()`, which LevelDB's have not. They would all stay
 * open, each with its snapshot and every write buffer that was in memory when it was made: the process would grow with all
 * that is ever written. With this, they close.
 */
function closeIterators(): void {
  const prototype: { values: (...options: Parameters<Values>) => ReturnType<Values> } = ClassicLevel.prototype
  const { values } = prototype
  prototype.values = function (this: ClassicLevel, ...options) {
    const iterator = Reflect.apply(values, this, options)
    return Object.assign(iterator, { return: () => iterator.close() })
  }
}
