import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as z from 'zod'
import type { Model } from '../../../shared/resources/models.ts'
import { oneIn, xxh3Hex } from './content-hash.ts'
import { type Payload, type ResourceHistory, resourceOf, type Save } from './history.ts'
import { float } from './json-text.ts'
import { binaryOf, type SampleBlob, type SampleResource } from './sample.ts'

const Countries = z.array(
  z.object({
    name: z.object({ common: z.string(), official: z.string() }),
    cca2: z.string(),
    cca3: z.string(),
    ccn3: z.string(),
    independent: z.boolean().nullable(),
    capital: z.array(z.string()),
    region: z.string(),
    subregion: z.string(),
    languages: z.record(z.string(), z.string()),
    latlng: z.array(z.number()),
    landlocked: z.boolean(),
    borders: z.array(z.string()),
    area: z.number(),
  }),
)
type Country = z.output<typeof Countries>[number]

// The JSON files of the package are read directly. Node cannot import the package, because its ES module imports JSON
// without an import attribute.
const packageFile = (path: string): string => createRequire(import.meta.url).resolve(`world-countries/${path}`)

/** Returns the resource id of a country. `cca2` is its two-letter code, which the records of cities also contain. */
export const countryId = (cca2: string): string => `country:${cca2}`

/**
 * Yields the 250 countries of the npm package `world-countries`. Each country refers to its neighbors. Its flag and its
 * outline are blobs.
 */
export function* countries(model: Model): Generator<SampleResource> {
  const all = Countries.parse(JSON.parse(readFileSync(packageFile('countries.json'), 'utf8')))
  const idOf = new Map(all.map(({ cca2, cca3 }) => [cca3, countryId(cca2)]))
  for (const country of all) yield resourceOf(historyOf(model, country, idOf))
}

const historyOf = (model: Model, country: Country, idOf: ReadonlyMap<string, string>): ResourceHistory => {
  const id = countryId(country.cca2)
  const flag = blobOf(country, 'svg', 'image/svg+xml')
  const outline = blobOf(country, 'geo.json', 'application/geo+json')
  const borders = country.borders.flatMap((cca3) => idOf.get(cca3) ?? [])
  const basic: Payload = { ...factsOf(country), borders: [], flag: null, outline: null, remark: null }
  const complete: Payload = { ...basic, borders, flag: binaryOf(flag), outline: binaryOf(outline) }
  const saves: [Save, ...Save[]] = [{ payload: basic }, { payload: complete }]
  if (oneIn(2, `${id} checked`)) saves.push({ payload: { ...complete, remark: 'Checked against ISO 3166.' } })
  // This revision starts a second branch after the first revision. The branch has no blobs.
  if (oneIn(10, `${id} branch`)) saves.push({ payload: { ...basic, borders, remark: 'Without attachments.' }, from: 1 })
  if (oneIn(8, `${id} draft`)) saves.push({ payload: { ...complete, remark: 'To be checked.' }, status: 'draft' })
  return {
    model,
    id,
    saves,
    blobs: [flag, outline],
    ...(oneIn(12, `${id} switched`) ? { current: 2 } : {}),
    deleted: oneIn(20, `${id} deleted`),
    pruned: oneIn(16, `${id} pruned`) ? 1 : 0,
  }
}

const factsOf = (country: Country): Payload => ({
  name: country.name.common,
  official_name: country.name.official,
  cca2: country.cca2,
  cca3: country.cca3,
  ccn3: country.ccn3,
  independent: country.independent,
  capital: country.capital,
  region: country.region,
  subregion: country.subregion,
  languages: country.languages,
  lat: float(country.latlng[0] ?? 0),
  lng: float(country.latlng[1] ?? 0),
  landlocked: country.landlocked,
  area: float(country.area),
})

const blobOf = ({ cca3 }: Country, extension: string, contentType: string): SampleBlob => {
  const name = `${cca3.toLowerCase()}.${extension}`
  const bytes = readFileSync(packageFile(`data/${name}`))
  const fileId = xxh3Hex(bytes)
  // Some clients upload blobs without a content type, so some blobs of the sample data have no content type.
  return oneIn(25, fileId) ? { file_id: fileId, bytes } : { file_id: fileId, bytes, content_type: contentType }
}
