// The largest Unicode character. A prefix followed by this character sorts after all keys with this prefix.
const LAST = '\u{10ffff}'

type Entry<Item> = readonly [key: string, item: Item]

interface PageRequest<Item> {
  readonly prefix: string
  readonly delimiter: string
  /** The maximum number of entries and common prefixes together. */
  readonly size: number
  /** The last key or common prefix of the previous page. Empty for the first page. */
  readonly after: string
  /** Returns whether an entry with the key `after` was part of an earlier page. */
  readonly isBefore: (item: Item) => boolean
}

interface Page<Item> {
  readonly entries: readonly Entry<Item>[]
  readonly prefixes: readonly string[]
  /** Defined if more pages follow: the last key of this page with its item, or the last common prefix. */
  readonly last?: { readonly name: string; readonly item?: Item }
}

/** Collects one page of a list. `entriesFrom` returns entries in the order of their keys, starting at the given key. */
export async function collectPage<Item>(
  entriesFrom: (key: string) => AsyncIterable<Entry<Item>>,
  { prefix, delimiter, size, after, isBefore }: PageRequest<Item>,
): Promise<Page<Item>> {
  const entries: Entry<Item>[] = []
  const prefixes: string[] = []
  let last: Page<Item>['last']
  let from: string | undefined = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0 ? after : prefix

  while (from !== undefined && size > 0) {
    let restart: string | undefined
    for await (const [key, item] of entriesFrom(from)) {
      if (!key.startsWith(prefix)) break
      if (key === after && isBefore(item)) continue
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const common = end < 0 ? undefined : key.slice(0, end + delimiter.length)
      if (common === undefined || (common !== after && common !== last?.name)) {
        if (entries.length + prefixes.length === size) return { entries, prefixes, ...(last && { last }) }
        last = common === undefined ? { name: key, item } : { name: common }
        if (common === undefined) entries.push([key, item])
        else prefixes.push(common)
      }
      // Continue after all keys with this common prefix, without reading them.
      if (common !== undefined && !key.startsWith(common + LAST)) {
        restart = common + LAST
        break
      }
    }
    from = restart
  }
  return { entries, prefixes }
}
