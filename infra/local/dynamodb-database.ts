import { ClassicLevel } from 'classic-level'

type Values = ClassicLevel['values']

/**
 * dynalite ends the streams of its scans and queries by their iterators' `return()`, which LevelDB's have not. They would all stay
 * open, each with its snapshot and every write buffer that was in memory when it was made: the process would grow with all
 * that is ever written. With this, they close.
 */
export function closeIterators(): void {
  const prototype: { values: (...options: Parameters<Values>) => ReturnType<Values> } = ClassicLevel.prototype
  const { values } = prototype
  prototype.values = function (this: ClassicLevel, ...options) {
    const iterator = Reflect.apply(values, this, options)
    return Object.assign(iterator, { return: () => iterator.close() })
  }
}
