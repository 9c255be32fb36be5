import { readFile } from 'node:fs/promises'
import { modelExportParameters } from '../../functions/http/export-parameters.ts'
import { queryObject } from '../../functions/http/http-request.ts'
import { itemFromMetadata, type ResourceMeta } from '../../shared/resources/attributes.ts'
import { compileFilters, type Filters } from '../../shared/filters/filters.ts'
import { indexedText } from '../../shared/resources/indexed.ts'
import { instantOf } from '../../shared/values/instant.ts'
import type { Item } from '../../shared/tables/item.ts'
import { loadModelsFile } from '../../shared/resources/models.ts'
import { exactNumbers } from '../../shared/values/exact-json.ts'

/**
 * A request to SpecStar with its recorded result. `differs` is the result after an import from an archive of version 2.
 */
export interface Vector {
  readonly group: string
  readonly model: string
  readonly request: string
  readonly status: number
  readonly ids?: readonly string[]
  readonly error?: unknown
  readonly differs?: { readonly 'imported-memory'?: { readonly status: number; readonly ids: readonly string[] } }
}

const fixture = (name: string): Promise<string> =>
  readFile(new URL(`../fixtures/specstar/${name}`, import.meta.url), 'utf8')

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))

/** All recorded requests, except for paging, sorting and partial results, which a backup does not have. */
export const goldenVectors = async (): Promise<Vector[]> => {
  const { vectors } = JSON.parse(await fixture('filters.json')) as { vectors: Vector[] }
  return vectors.filter(({ group, request }) => {
    const parameters = new URLSearchParams(request)
    return (
      !['paging', 'sorts', 'qb paging'].includes(group) &&
      !['limit', 'offset', 'sorts', 'partial', 'with_total'].some((name) => parameters.has(name))
    )
  })
}

type Meta = ResourceMeta & { readonly indexed_data: Readonly<Record<string, unknown>> }
interface Listing {
  readonly models: Readonly<Record<string, { readonly resources: readonly { readonly meta: Meta }[] }>>
}

/** The metadata of all resources, by model. `imported`: as after an import from an archive of version 2. */
export const catalogue = async (imported: boolean): Promise<ReadonlyMap<string, readonly Item[]>> => {
  const { models } = JSON.parse(await fixture('catalogue.json'), exactNumbers) as Listing
  return new Map(
    Object.entries(models).map(([model, { resources }]) => [
      model,
      resources.map(({ meta }) => itemFromMetadata(asStored(meta, imported), { model, shards: 16 })),
    ]),
  )
}

const asStored = (meta: Meta, imported: boolean): ResourceMeta => ({
  ...meta,
  ...(imported ? timesInUtc(meta) : {}),
  indexed_data: indexedText(Object.entries(meta.indexed_data)),
})

const TIMES = ['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time'] as const

/** An archive of version 2 contains instants: offsets are lost, and whole seconds have no fraction. */
const timesInUtc = (meta: Meta): Partial<Record<(typeof TIMES)[number], string>> =>
  Object.fromEntries(
    TIMES.flatMap((name) => {
      const instant = instantOf(meta[name] ?? '')
      return instant === undefined ? [] : [[name, instant.replace('.000000Z', 'Z')]]
    }),
  )

/** The filters of a request, read as the export route does. `is_deleted` defaults to false in SpecStar only. */
const filtersOf = (request: string): Filters => {
  const query = new URLSearchParams(request)
  if (!query.has('is_deleted')) query.append('is_deleted', 'false')
  return modelExportParameters(queryObject(query)).filters
}

/** The sorted ids of the resources that match a request's filters. */
export const matchingIds = ({ model, request }: Vector, resources: ReadonlyMap<string, readonly Item[]>): string[] => {
  const scope = { model: MODELS.get(model), requestedAt: new Date('2026-11-24T00:00:00Z') }
  const matches = compileFilters(filtersOf(request), scope)
  return (resources.get(model) ?? [])
    .filter(matches)
    .map((metadata) => metadata['resource_id']?.S ?? '')
    .sort()
}
