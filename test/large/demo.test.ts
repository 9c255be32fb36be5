import { expect, it } from 'vitest'
import { tellsTheStory } from '../program/demo.ts'

it('npm run demo tells the whole story with all of its cities', { timeout: 600_000 }, async () => {
  expect(await tellsTheStory()).toContain('all 49,950 items are as before')
})
