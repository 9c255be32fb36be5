import * as z from 'zod'
import { countries } from '../../../infra/local/seed/countries.ts'
import { writeResources } from '../../../infra/local/seed/seed-store.ts'
import { type BenchServices, emptyStore } from '../services.ts'
import { OursProgram } from './ours-program.ts'

const Answer = z.object({ status: z.string() })

/**
 * Measures `GET /{model}/export?wait=25` from the request to the response, `rounds` times each: of an empty model, and
 * of 250 countries with their blobs. The store is empty before and after.
 */
export const measureLatency = async (services: BenchServices, rounds: number): Promise<Record<string, number[]>> => {
  const program = await OursProgram.start(services.env)
  try {
    const empty = await requests(program.url, rounds)
    await writeResources(services.stores, countries(services.stores.models.get('country')), () => undefined)
    const full = await requests(program.url, rounds)
    return { 'export of an empty model': empty, 'export of 250 resources with blobs': full }
  } finally {
    await program.stop()
    await emptyStore(services.stores)
  }
}

/** The first request is not counted: it loads code. */
const requests = async (url: string, rounds: number): Promise<number[]> => {
  const seconds: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now()
    const response = await fetch(`${url}/country/export?wait=25`)
    const { status } = Answer.parse(await response.json())
    if (round > 0) seconds.push((performance.now() - start) / 1000)
    if (status !== 'succeeded') throw new Error(`GET /country/export ended with the status ${status}`)
  }
  return seconds
}
