// What the charts use of ECharts: two straight axes with shapes of our own on them, and parallel coordinates, drawn on a canvas or, for
// downloads, as SVG. Legends, values at the pointer and zoom are the pages' own (assets/charts), since they must work from the
// keyboard and show names of any kind as text.
import * as core from 'echarts/core';
import { CustomChart, ParallelChart } from 'echarts/charts';
import { GridComponent, ParallelComponent } from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

core.use([CustomChart, ParallelChart, GridComponent, ParallelComponent, CanvasRenderer, SVGRenderer]);

export const init = core.init;
export const version = core.version;
