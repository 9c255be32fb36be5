import { beforeEach, describe, expect, it } from 'vitest'
import { readDifferencePage } from '../../../shared/restore/results/job-differences.ts'
import { DifferenceLists, PAGE_IDS } from '../../../shared/restore/results/difference-lists.ts'
import { PASS_DIFFERENCES } from '../../../shared/restore/messages/differences.ts'
import { startRunner } from '../../workflows/start-runner.ts'

const runner = await startRunner()
let lists: DifferenceLists
let attempt = 0
beforeEach(() => {
  attempt += 1
  lists = new DifferenceLists(runner.services.workFiles, 'preflight', { job_id: 'job', n: 0, attempt: `${attempt}` })
})

/** Ends the pass, and returns the ids of each page. */
const written = async (): Promise<string[]> => {
  const { differences } = await lists.finish()
  if (differences === undefined) return []
  const pages = await runner.services.workFiles.readPinned(PASS_DIFFERENCES, differences)
  const read: string[] = []
  for (const page of pages) {
    const ids = (await readDifferencePage(runner.services, 'job', page)) ?? []
    expect(ids).toHaveLength(page.count)
    read.push(`${page.group} ${page.model} ${ids.length} ${ids[0] ?? ''}-${ids.at(-1) ?? ''}`)
  }
  return read
}

const add = async (from: number, to: number, model = 'city'): Promise<void> => {
  for (let k = from; k < to; k++) await lists.add('changed', model, `${k}`)
}

describe('DifferenceLists', () => {
  it('writes nothing if there are no differences', async () => {
    expect(await lists.finish()).toEqual({})
  })

  it('writes a page when it is full, and one for each group and model', async () => {
    await add(0, PAGE_IDS + 2)
    await lists.add('target_only', 'city', 'x')
    await lists.add('changed', 'memo', 'm')
    expect(await written()).toEqual([
      `changed city ${PAGE_IDS} 0-${PAGE_IDS - 1}`,
      `changed city 2 ${PAGE_IDS}-${PAGE_IDS + 1}`,
      'changed memo 1 m-m',
      'target_only city 1 x-x',
    ])
  })

  it('removes what was added after a mark, even if pages were written since', async () => {
    await add(0, 10)
    const outer = lists.mark()
    await add(10, 20)
    const inner = lists.mark()
    await add(20, 2 * PAGE_IDS + 5)
    inner()
    await add(500, 502)
    inner()
    outer()
    await add(30, 31)
    expect(await written()).toEqual(['changed city 11 0-30'])
  })
})
