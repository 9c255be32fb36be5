import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'
import { runDemo, tellsTheStory } from './demo.ts'

describe('npm run demo', () => {
  it('tells the whole story, with nothing left behind', { timeout: 300_000 }, async () => {
    expect(await tellsTheStory('--cities', '2000')).toContain('all 5,436 items are as before')
  })

  it('cleans up when it is interrupted', async () => {
    const { exit } = await runDemo([], async (child) => {
      // By its first line the program runs and the seed has begun.
      await once(must(child.stdout), 'data')
      child.kill('SIGINT')
    })
    expect(exit).toEqual([1, null])
  })

  it.each([
    [['--cities', '0'], 'demo: cities: must be a whole number from 1 to 999999\n'],
    [['--cities', '1', '--cities', '2'], 'demo: cities: must stand once\n'],
    [['--towns'], "demo: Unknown option '--towns'"],
  ])('refuses %j', async (args, says) => {
    const { errors, exit } = await runDemo(args)
    expect(errors).toContain(says)
    expect(exit).toEqual([1, null])
  })
})
