import { ClassicLevel } from 'classic-level'

type Open = (options?: { maxOpenFiles?: number }) => Promise<void>
type Values = ClassicLevel['values']

/**
 * The number of files that LevelDB keeps open: its minimum of 64 table files, and 10 other files. LevelDB maps each
 * open table file (2 MB) into memory. With the default of 1,000 files, the memory of the process would appear much
 * larger.
 */
const MAX_OPEN_FILES = 64 + 10

/**
 * Changes LevelDB in this process: limits the number of open files, and lets dynalite close iterators. The patches
 * change the prototype of the database class, because dynalite opens its database itself, without options.
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
 * Adds the method `return` to iterators. dynalite calls it to end a scan or query, but the iterators of LevelDB do not
 * have it. Without this patch, iterators and their snapshots would stay open, and memory would grow with each write.
 */
function closeIteratorsOnReturn(): void {
  const prototype: { values: (...options: Parameters<Values>) => ReturnType<Values> } = ClassicLevel.prototype
  const { values } = prototype
  prototype.values = function (this: ClassicLevel, ...options) {
    const iterator = Reflect.apply(values, this, options)
    return Object.assign(iterator, { return: () => iterator.close() })
  }
}
