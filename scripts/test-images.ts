// Builds the images that the tests with real containers run, from Debian's packages, and tells what there is.
// `--fresh` takes the newest packages instead of the kept ones. The suite calls the same by itself.
import { forgetImages, testImages } from "../test/support/images/catalog.ts";

if (process.argv.includes("--fresh")) await forgetImages();
const { folder, images } = await testImages();
for (const [name, { root }] of images) console.log(`${name.padEnd(24)} ${root.digest}`);
console.log(`in ${folder}`);
