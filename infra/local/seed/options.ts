import process from 'node:process'
import { parseArgs } from 'node:util'
import { z } from 'zod'

const Options = z.object({
  cities: z
    .array(z.string())
    .length(1, 'must stand once')
    .transform(([text]) => text)
    .pipe(z.string().regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999'))
    .transform(Number)
    .optional(),
})

/** What `npm run seed` and `npm run demo` take behind `--`: `--cities N`, for no more cities than these. Throws `ZodError` and `TypeError`. */
export const seedOptions = (): z.output<typeof Options> =>
  Options.parse(
    parseArgs({ args: process.argv.slice(2), options: { cities: { type: 'string', multiple: true } } }).values,
  )
