/**
 * Returns a map of the entries. Throws `Error` if two entries have the same name, because the second would silently
 * replace the first. `kind` is the kind of the names in the message, such as "methods of a field".
 */
export const uniqueNames = <Name extends string, Value>(
  kind: string,
  entries: Iterable<readonly [Name, Value]>,
): ReadonlyMap<Name, Value> => {
  const map = new Map<Name, Value>()
  for (const [name, value] of entries) {
    if (map.has(name))
      throw new Error(
        `${kind}: the name ${name} is defined twice. Each name may be defined once, ` +
          'either in shared/filters/operators.ts or in shared/filters/qb/. Rename or remove one of the two.',
      )
    map.set(name, value)
  }
  return map
}
