const MIB = 1024 * 1024

/** The size of a bundle that needs no reason. */
export const COMMON_BUNDLE_BYTES = MIB

/**
 * The largest size of a bundle. Some bundles have more than `COMMON_BUNDLE_BYTES`, because every bundle contains the
 * modules that create its services: the AWS clients (0.4 MiB), zod (0.1 MiB), and the parsers of schedules and filters
 * (0.16 MiB), with which the configuration is read. The readers of archives or streams take up to 0.2 MiB in addition.
 */
export const MAX_BUNDLE_BYTES = 1.1 * MIB

export const REASON_OF_LARGE_BUNDLES =
  'AWS clients 0.4 MiB, zod 0.1 MiB, parsers of schedules and filters 0.16 MiB, readers of archives up to 0.2 MiB'
