import { ClassicLevel } from 'classic-level'

type Open = (options?: { maxOpenFiles?: number }) => Promise<void>
type Values = ClassicLevel['values']

/**
 * LevelDB maps every open table file into memory, by default at most 1,000 files of 2 MB, so the process appears
 * large. 64 table files is LevelDB's minimum; it reserves 10 more for its other files.
 */
const MAX_OPEN_FILES = 64 + 10

/**
 * Changes LevelDB for this process: bounds its open files and makes its iterators close. dynalite opens its database
 * itself and passes no options to it, so the prototype of the database class is changed.
 */
export function patchLevelDb(): void {
  limitOpenFiles()
  closeIteratorsOnReturn()
}

function limitOpenFiles(): void {
  const prototype: { open: Open } = ClassicLevel.prototype
  const { open } = prototype
  prototype.open = function (this: ClassicLevel, options) {
    return Reflect.apply(open, this, [{ maxOpenFiles: MAX_OPEN_FILES, ...options }])
  }
}

/**
 * dynalite ends a scan or query by calling `return()` of its iterator, a method that LevelDB's iterators lack. Each
 * iterator would stay open with its snapshot and all write buffers of that time, so memory would grow with everything
 * that is written.
 */
function closeIteratorsOnReturn(): void {
  const prototype: { values: (...options: Parameters<Values>) => ReturnType<Values> } = ClassicLevel.prototype
  const { values } = prototype
  prototype.values = function (this: ClassicLevel, ...options) {
    const iterator = Reflect.apply(values, this, options)
    return Object.assign(iterator, { return: () => iterator.close() })
  }
}
