/** Node's permissions stand in for a root file system that is mounted read-only: whoever writes anywhere is refused. */
export const readOnlyFileSystem: string = '--permission --allow-fs-read=*'
