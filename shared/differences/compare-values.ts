import diff from 'microdiff'
import type { Tree, TreeMap } from './value-tree.ts'

/** A value that differs between two trees. The path consists of the keys of maps and the indexes of lists. */
export type ValueChange = { readonly path: readonly (string | number)[] } & (
  | { readonly op: 'add'; readonly new: Tree }
  | { readonly op: 'remove'; readonly old: Tree }
  | { readonly op: 'replace'; readonly old: Tree; readonly new: Tree }
)

/**
 * Returns the values that differ between two maps. Applied to `old` one after the other, the changes result in `new`.
 * Elements of lists are compared by their index.
 */
export const compareValues = (old: TreeMap, next: TreeMap): ValueChange[] => {
  const changes: ValueChange[] = []
  /** The removed elements of lists. */
  const removals: ValueChange[] = []
  // Trees have no cycles.
  for (const change of diff(old, next, { cyclesFix: false })) {
    const { path } = change
    if (change.type === 'CREATE') changes.push({ path, op: 'add', new: treeIn(change.value) })
    else if (change.type === 'REMOVE')
      (typeof path.at(-1) === 'number' ? removals : changes).push({ path, op: 'remove', old: treeIn(change.oldValue) })
    else changes.push({ path, op: 'replace', old: treeIn(change.oldValue), new: treeIn(change.value) })
  }
  // Only the last elements of a list are removed. They are removed from its end, so that the other indexes stay
  // correct.
  return [...changes, ...removals.reverse()]
}

/** The type of the values that `diff` returns is `any`. They are parts of the two trees. */
const treeIn = (value: unknown): Tree => value as Tree

/** Returns a path as a JSON pointer (RFC 6901). */
export const jsonPointer = (path: readonly (string | number)[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
