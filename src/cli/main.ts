import { enableCompileCache } from 'node:module';

// Most of a short command's time goes into compiling; what was compiled is kept between starts.
enableCompileCache();
const { main } = await import('./program.ts');
await main();
