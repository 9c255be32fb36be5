import * as z from 'zod'
import type { ApiClient } from './api-client.ts'
import type { Query } from './send-request.ts'

interface PagedRequest<Item extends z.ZodType> {
  readonly path: string
  readonly query?: Query
  /** The member of a response that contains the items. */
  readonly member: string
  readonly item: Item
  /** The largest number of items on a page that the route accepts. */
  readonly maxPage: number
  /** The number of items to read. By default, all are read. */
  readonly limit?: number
}

/** Yields the pages of a list. The first page also contains the other members of the response. */
export async function* pages<Item extends z.ZodType>(
  api: ApiClient,
  { path, query = {}, member, item, maxPage, limit = Infinity }: PagedRequest<Item>,
): AsyncGenerator<{ readonly items: readonly z.output<Item>[]; readonly body: Readonly<Record<string, unknown>> }> {
  const Page = z.looseObject({ [member]: z.array(item), cursor: z.exactOptional(z.string()) })
  const Items = z.array(item)
  let cursor: string | undefined
  let read = 0
  do {
    const body = await api.request(Page, {
      method: 'GET',
      path,
      query: { ...query, limit: String(Math.min(maxPage, limit - read)), cursor },
    })
    const items = Items.parse(body[member])
    read += items.length
    yield { items, body }
    cursor = z.string().optional().parse(body['cursor'])
  } while (cursor !== undefined && read < limit)
}

/** Returns the items of all pages. */
export const allItems = async <Item extends z.ZodType>(
  api: ApiClient,
  request: PagedRequest<Item>,
): Promise<z.output<Item>[]> => {
  const all: z.output<Item>[] = []
  for await (const { items } of pages(api, request)) all.push(...items)
  return all
}
