/**
 * Flags of Node for the program's processes. What is read and written passes through quickly, and V8's own bound on the space for new
 * objects (three times 16 MiB) lets it pile up: with 4 MiB each process peaks a hundred lower, at the same CPU time
 * (171,000 resources exported and compared). `npm start` has them in package.json.
 */
export const NODE_FLAGS = ['--max-semi-space-size=4'] as const

/**
 * Buffers from 128 KiB on are given back to the system when they are freed. Left alone, glibc raises that bound with the first
 * large ones, and keeps a hundred MiB more. Not known to other systems, and harmless there.
 */
export const NODE_ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: '131072' } as const
